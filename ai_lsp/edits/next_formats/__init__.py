"""How models are asked for the next edit: a row and a file per format, each a pure writer and a pure reader."""
