"""Every sentence that a user can read, by the stage that says it.

Each says what happened, to whom, why it matters where that is not plain, and what to do.
"""
