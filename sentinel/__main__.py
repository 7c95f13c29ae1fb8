"""`python -m sentinel`."""

from sentinel.cli.main import main

if __name__ == "__main__":
    main()
