"""Resource guards for pytest: make a test suite tell the truth about what it needs.

The documented import path is :mod:`imbue.resource_guards.resource_guards`.
"""
