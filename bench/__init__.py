"""What we claim about speed, as commands: `make bench`. No test asserts a time; these print ratios."""
