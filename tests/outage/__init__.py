"""Peers of the bus are away for minutes while events keep coming: `make outage`, and a short form in e2e."""
