"""Damaged sessions against the real server: it never dies, answers all, and keeps the editor's texts."""
