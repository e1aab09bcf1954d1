"""Does context help? Names of the line that was really written next, and whether the prompt held them."""
