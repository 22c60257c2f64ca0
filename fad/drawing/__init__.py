"""Pictures: block diagrams of programs, and plots of runs."""
