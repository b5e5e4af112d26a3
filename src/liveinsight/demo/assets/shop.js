// The demo shop's own script: a cart in the browser, and a checkout whose steps
// change the address without loading a page. It reports to the tracker as any
// shop would.
const report = (...call) => (window.LiveInsight = window.LiveInsight || []).push(call);
const CART = "shop-cart";
const euros = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });

function readCart() {
  try {
    return JSON.parse(localStorage.getItem(CART)) || [];
  } catch {
    return [];
  }
}

function writeCart(cart) {
  try {
    localStorage.setItem(CART, JSON.stringify(cart));
  } catch {
    // Without storage the cart stays empty.
  }
  showCount();
}

const totalOf = (cart) => Math.round(cart.reduce((sum, { price }) => sum + price * 100, 0)) / 100;

function showCount() {
  const count = document.querySelector("[data-cart-count]");
  count.textContent = String(readCart().length);
}

function showCart(table) {
  const cart = readCart();
  table.replaceChildren();
  for (const { name, price } of cart) {
    const row = table.insertRow();
    row.insertCell().textContent = name;
    row.insertCell().textContent = euros.format(price);
  }
  const row = table.insertRow();
  row.insertCell().textContent = cart.length ? "Total" : "Your cart is empty.";
  row.insertCell().textContent = cart.length ? euros.format(totalOf(cart)) : "";
  document.querySelector("[data-to-checkout]").hidden = !cart.length;
}

function showStep(forms) {
  const at = location.pathname.split("/").at(-2);
  const step = [...forms].find((form) => form.dataset.step === at) || forms[0];
  for (const form of forms) form.hidden = form !== step;
  document.title = step.dataset.title;
}

function runCheckout(forms) {
  const go = (path) => {
    history.pushState(null, "", path);
    showStep(forms);
    scrollTo(0, 0);
  };
  if (!/checkout\/\w+\/$/.test(location.pathname)) {
    history.replaceState(null, "", forms[0].dataset.path);
  }
  showStep(forms);
  addEventListener("popstate", () => showStep(forms));
  for (const form of forms) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { next } = form.dataset;
      if (next.includes("checkout")) go(next);
      else location.assign(next);
    });
  }
}

function finishOrder() {
  const cart = readCart();
  if (!cart.length) return;
  report(
    "conversion",
    { name: "order", items: cart.length },
    { amount: totalOf(cart), currency: "EUR" },
  );
  writeCart([]);
}

for (const button of document.querySelectorAll("[data-add]")) {
  button.addEventListener("click", () => {
    const { add: slug, name, price } = button.dataset;
    writeCart([...readCart(), { slug, name, price: Number(price) }]);
    report("track", "add_to_cart", { product: slug, price: Number(price) });
    button.textContent = "Added to the cart";
  });
}

for (const form of document.querySelectorAll("[data-newsletter]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    report("track", "newsletter", { place: "blog" });
    form.replaceChildren("Thank you! This shop is a demo and keeps no address.");
  });
}

const page = document.body.dataset;
if (page.search) report("track", "search", { words: page.search });
if (page.missing) {
  report("track", "not_found", { path: location.pathname }, { interactive: false });
}
showCount();
const table = document.querySelector("[data-cart]");
if (table) showCart(table);
const forms = document.querySelectorAll("[data-step]");
if (forms.length) runCheckout(forms);
if (page.page === "thank-you") finishOrder();
