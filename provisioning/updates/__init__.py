"""Releases on a machine: verified, unpacked beside the running one, tried, confirmed or left again.

The rules of this room:

* **Always the old or the new one, never none.** A release lives in a folder of its own,
  ``releases/<id>``, which is complete before anything points to it. Two links say what is in use:
  ``current`` is what the kiosk runs, ``confirmed`` what the updater itself runs, and what is gone
  back to. Both are replaced by a rename, and ``confirmed`` follows only after the health check. So
  a release that cannot even start is left again by the code of the one before it.
* **One durable file** (`state`) says how far it is. `steps` decides from it and from what can be
  seen, purely; each step may be cut off anywhere and done again.
* **Nobody is believed.** What fetches has no rights over what runs. What switches reads the bundle
  anew, and verifies the signature over the manifest before it looks at anything else in it.
* **The journal goes with it, both ways**: see `kiosk.store`. No copy of a journal is ever put
  back; that would lose what was recorded since.

`bundle`, `venvs`, `places` and `first` import the standard library only: the first release of a
new machine is installed by Debian's Python, with nothing of ours there yet.
"""
