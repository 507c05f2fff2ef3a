"""Makes a release of this checkout: ``make release``. Not part of what is installed.

The same commit gives the same bytes, on any machine, in any folder, whatever its time zone, umask
and language: everything is taken from the commit (not from the files that lie about), every time is
the commit's, every list is sorted, and every wheel from elsewhere has the hash that
``requirements.lock`` says. So anybody can make a release again and compare, and a signature says
nothing but who stands behind these bytes.
"""
