"""What the program costs, beside its peers: `make bench`, or `python -m bench chatter reports …`."""
