"""Goes on with runs: resumed, branched, or over several seeds."""
