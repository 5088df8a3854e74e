"""Convert the description of a network to read-only tables for the kernels."""

from neurosim.builder.plan import Plan, ThreadPlan, build

__all__ = ["Plan", "ThreadPlan", "build"]
