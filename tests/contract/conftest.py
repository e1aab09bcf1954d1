"""A real llama.cpp server for the contract tests that want one."""

from tests.tiny_model.fixtures import real_llama

__all__ = ["real_llama"]
