// The hub as a phone sees it. An answer is what came as our JSON with an outcome. Everything else
// (no network, a fault's page, a proxy's page) is no answer: the request is kept and sent again.

const PATIENCE_MS = 15000;

export class NoAnswer extends Error {}
export class SignedOut extends Error {}

async function ask(address, options) {
  try {
    return await fetch(address, {
      ...options,
      credentials: "same-origin",
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new NoAnswer();
  }
}

async function content(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

export class Hub {
  constructor(addresses) {
    this.addresses = addresses;
    this.csrf = "";
  }

  /** Who is signed in, what they may do, which counts go on. */
  async session() {
    const response = await ask(this.addresses.session, {});
    if (response.type === "opaqueredirect") throw new SignedOut();
    const found = response.ok ? await content(response) : null;
    if (!found || !found.account) throw new NoAnswer();
    const { csrf, ...session } = found;
    this.csrf = csrf;
    return session;
  }

  /** The hub's answer to a request of `account`, or NoAnswer, or SignedOut. */
  async send(account, body) {
    if (!this.csrf) await this.own(account);
    let answer = await this.post(body);
    if (answer === null) {
      // Perhaps another session than the one that this page began with.
      await this.own(account);
      answer = await this.post(body);
    }
    if (answer === null) throw new NoAnswer();
    return answer;
  }

  async own(account) {
    const session = await this.session();
    if (session.account !== account) {
      this.csrf = "";
      throw new SignedOut();
    }
  }

  async post(body) {
    const response = await ask(this.addresses.act, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrf },
      body: JSON.stringify(body),
    });
    if (response.type === "opaqueredirect") {
      this.csrf = "";
      throw new SignedOut();
    }
    if (response.status >= 500 || response.status === 429) throw new NoAnswer();
    const found = await content(response);
    return found && found.outcome ? found : null;
  }
}
