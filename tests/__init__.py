"""Tests: unit needs nothing, integration starts the embedded stack, e2e acts as a user."""
