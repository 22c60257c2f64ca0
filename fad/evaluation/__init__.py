"""From syntax trees to core diagrams: the lambda calculus that Faust programs are written in."""
