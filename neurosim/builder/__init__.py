"""How a network is laid out: from a description to read-only arrays."""

from neurosim.builder.plan import Plan, ThreadPlan, build

__all__ = ["Plan", "ThreadPlan", "build"]
