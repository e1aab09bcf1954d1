"""Apply: proposals made from real commits, corrupted as models do, and what becomes of them."""
