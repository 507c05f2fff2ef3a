// Makes a passkey (on "My account") and signs in with one (on the sign-in page). The buttons are
// there only where the browser has passkeys.
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !window.isSecureContext) return;

  const making = document.getElementById("make-passkey");
  const signing = document.getElementById("use-passkey");
  if (making) arm(making, making.dataset.offer, making.dataset.keep, make);
  if (signing) arm(signing, signing.dataset.ask, signing.dataset.answer, use);

  function arm(part, first, second, withAuthenticator) {
    const button = part.querySelector("button");
    const problem = part.querySelector("[role=alert]");
    part.hidden = false;
    button.addEventListener("click", async function () {
      button.disabled = true;
      problem.hidden = true;
      try {
        const asked = await post(part, first, "");
        const made = await withAuthenticator(asked.publicKey);
        const answer = await post(part, second, JSON.stringify(made));
        window.location.assign(answer.to);
        return;
      } catch (error) {
        // Browsers tell "cancelled" and "took too long" apart from nothing else on purpose.
        problem.textContent = error instanceof Told ? error.message : part.dataset.cancelled;
        problem.hidden = false;
      }
      button.disabled = false;
    });
  }

  class Told extends Error {}

  async function post(part, address, body) {
    let response, answer;
    try {
      response = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": part.dataset.csrf },
        body: body,
      });
      answer = await response.json();
    } catch {
      throw new Told(part.dataset.failed);
    }
    if (!response.ok) throw new Told(answer.problem || part.dataset.failed);
    return answer;
  }

  async function make(asked) {
    const made = await navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        user: { ...asked.user, id: bytes(asked.user.id) },
        excludeCredentials: (asked.excludeCredentials || []).map(known),
      },
    });
    return told(made, {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
    });
  }

  async function use(asked) {
    const found = await navigator.credentials.get({
      publicKey: { ...asked, challenge: bytes(asked.challenge) },
    });
    const handle = found.response.userHandle;
    return told(found, {
      clientDataJSON: text(found.response.clientDataJSON),
      authenticatorData: text(found.response.authenticatorData),
      signature: text(found.response.signature),
      ...(handle ? { userHandle: text(handle) } : {}),
    });
  }

  function told(credential, response) {
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: response };
  }

  function known(credential) {
    return { type: credential.type, id: bytes(credential.id) };
  }

  function bytes(base64url) {
    const plain = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  }

  function text(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
})();
