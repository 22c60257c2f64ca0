"""What a program may cost: more never ends in practice, or does not fit into memory."""

#: Definitions and calls inside each other, at most; more never ends in practice.
MAX_DEPTH = 10_000
#: Copies that one iteration makes, at most.
MAX_COPIES = 50_000
#: Calls and copies in one program, at most; the largest known programs make 33,000.
MAX_CALLS = 80_000
#: Inputs or outputs of one diagram, at most.
MAX_WIRES = 100_000
