"""Many fits at once: on processors or machines, with a store of what is done."""
