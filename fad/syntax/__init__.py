"""From files to syntax trees: nodes, the parser, the files that programs import."""
