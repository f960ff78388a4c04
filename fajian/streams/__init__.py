"""The stream runtime: Faust app, batch transport, partition stores, ticker."""
