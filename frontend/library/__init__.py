"""The library, written in the language: one `.jl` file for each theme."""
