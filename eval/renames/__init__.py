"""A declaration renamed key by key in real files: does the rename reach its uses?"""
