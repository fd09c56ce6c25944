"""What runs the steps. One source for Python 2.7.3 and 3.11, standard library only.

The language level is a test: tests/unit/firstboot/test_language.py (docs/wheezy.md section 10).
"""
