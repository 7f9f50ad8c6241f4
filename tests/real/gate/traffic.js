// Writes and reads through a gate with the JavaScript driver until stdin ends; tells what it saw as JSON.
// node traffic.js URI PASSWORD
const neo4j = require("neo4j-driver");

const [uri, password] = process.argv.slice(2);
const driver = neo4j.driver(uri, neo4j.auth.basic("neo4j", password), { maxTransactionRetryTime: 60000 });
const seen = { wrote: { blue: 0, green: 0 }, read: { blue: 0, green: 0 }, failures: [], longest: 0 };
let ending = false;
process.stdin.resume();
process.stdin.on("end", () => { ending = true; });

async function over(mode, text, names) {
  while (!ending) {
    const began = Date.now();
    const session = driver.session({ defaultAccessMode: mode });
    try {
      const run = mode === neo4j.session.WRITE ? "executeWrite" : "executeRead";
      const result = await session[run]((transaction) => transaction.run(text));
      names[result.records[0].get("name")] += 1;
      if (names[result.records[0].get("name")] === 1) console.log(`${mode} ${result.records[0].get("name")}`);
    } catch (error) {
      seen.failures.push(`${error.code}: ${error.message}`);
    } finally {
      await session.close();
    }
    seen.longest = Math.max(seen.longest, Date.now() - began);
  }
}

const write = "MATCH (h:Here) SET h.js = timestamp() RETURN h.name AS name";
const read = "MATCH (h:Here) RETURN h.name AS name";
Promise.all([
  ...Array.from({ length: 3 }, () => over(neo4j.session.WRITE, write, seen.wrote)),
  ...Array.from({ length: 2 }, () => over(neo4j.session.READ, read, seen.read)),
]).then(() => driver.close()).then(() => console.log(JSON.stringify(seen)));
