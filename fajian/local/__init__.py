"""The embedded Kafka and PostgreSQL, and the processes of one machine."""
