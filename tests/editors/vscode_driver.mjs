// A hand and an eye on a web page of VS Code: reads one JSON command per line, answers each with one line.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const [, , modules, chromiumPath] = process.argv;
const { chromium } = createRequire(modules + "/")("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: chromiumPath, args: FLAGS });
const page = await browser.newPage({ viewport: { width: 1100, height: 640 } });

const DO = {
  goto: ({ url }) => page.goto(url, { waitUntil: "domcontentloaded" }),
  wait: ({ selector, state = "attached", timeout = 30000 }) => page.waitForSelector(selector, { state, timeout }),
  click: ({ selector, double = false }) => (double ? page.dblclick(selector) : page.click(selector)),
  press: async ({ keys }) => { for (const key of keys) await page.keyboard.press(key); },
  type: ({ text, delay = 60 }) => page.keyboard.type(text, { delay }),
  texts: ({ selector }) => page.evaluate((s) => [...document.querySelectorAll(s)].map((e) => e.textContent), selector),
  // Decorations draw their text with CSS, where no element holds it.
  drawn: () => page.evaluate(() =>
    [...document.querySelectorAll(".view-lines span")].flatMap((e) =>
      ["::before", "::after"].map((part) => getComputedStyle(e, part).content).filter((c) => c && c !== "none" && c !== "normal"))),
  screenshot: ({ path }) => page.screenshot({ path }),
  pause: ({ ms }) => page.waitForTimeout(ms),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { act, ...given } = JSON.parse(line);
  let answer;
  try {
    const value = await DO[act](given);
    answer = { value: Array.isArray(value) ? value : null };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close();
