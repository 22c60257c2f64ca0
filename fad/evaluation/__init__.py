"""From syntax trees to core diagrams: Faust as a lambda calculus."""
