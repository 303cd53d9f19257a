"""Files are named NNNN_what.py; NNNN is the revision, and each follows the one before."""
