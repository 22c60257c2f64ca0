"""Programs that run: libfaust in a process of its own, native code, recordings."""
