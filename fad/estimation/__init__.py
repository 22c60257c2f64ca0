"""Programs that learn the parameters of other programs, as Faust."""
