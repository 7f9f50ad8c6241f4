import express from "express";

/**
 * Serve.
 * @param port where
 */
export function serve(port: number): void {
  const app = express();
  app.get("/", (_, answer) => answer.send(`ok ${port}`));
  app.listen(port);
}
