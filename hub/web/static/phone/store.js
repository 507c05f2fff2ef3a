// What the phone keeps: the requests in the order in which they were made, and where the person
// was. In IndexedDB, so that it outlives a reload, a closed browser and an empty battery.

const NAME = "yicang-phone";

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/** The store; one that forgets with the page, where the browser keeps nothing (`keeps` tells). */
export async function open() {
  try {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("queue", { keyPath: "n", autoIncrement: true });
      opening.result.createObjectStore("kept");
    };
    return new Kept(await done(opening));
  } catch {
    return new Forgetful();
  }
}

class Kept {
  constructor(database) {
    this.keeps = true;
    this.database = database;
  }

  async write(name, act) {
    // Strict: a scan that is shown as kept is on the disk, also if the phone goes off now.
    const transaction = this.database.transaction(name, "readwrite", { durability: "strict" });
    const request = act(transaction.objectStore(name));
    await committed(transaction);
    return request.result;
  }

  read(name, act) {
    return done(act(this.database.transaction(name).objectStore(name)));
  }

  async add(entry) {
    return { ...entry, n: await this.write("queue", (queue) => queue.add(entry)) };
  }

  put(entry) {
    return this.write("queue", (queue) => queue.put(entry));
  }

  remove(n) {
    return this.write("queue", (queue) => queue.delete(n));
  }

  entries() {
    return this.read("queue", (queue) => queue.getAll());
  }

  get(key) {
    return this.read("kept", (kept) => kept.get(key));
  }

  set(key, value) {
    return this.write("kept", (kept) => kept.put(value, key));
  }
}

class Forgetful {
  constructor() {
    this.keeps = false;
    this.queue = new Map();
    this.kept = new Map();
    this.last = 0;
  }

  async add(entry) {
    this.last += 1;
    const made = { ...entry, n: this.last };
    this.queue.set(made.n, made);
    return made;
  }

  async put(entry) {
    this.queue.set(entry.n, entry);
  }

  async remove(n) {
    this.queue.delete(n);
  }

  async entries() {
    return [...this.queue.values()];
  }

  async get(key) {
    return this.kept.get(key);
  }

  async set(key, value) {
    this.kept.set(key, value);
  }
}
