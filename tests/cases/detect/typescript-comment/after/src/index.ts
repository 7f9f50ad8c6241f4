import express from "express";

/**
 * Serves.
 * @param port - where it listens
 */
export function serve(port: number): void {
  const app = express();
  app.get("/", (_, answer) => answer.send(`ok ${port}`));
  app.listen(port);
}
// end
