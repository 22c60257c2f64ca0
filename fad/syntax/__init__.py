"""From files to syntax trees: nodes, the parser, the modules that a program imports."""
