"""Drives the stages: follows each test and fixture by pytest's hooks, and has each test judged."""
