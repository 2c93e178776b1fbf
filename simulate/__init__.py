"""Monte Carlo scenarios of AI training compute."""
