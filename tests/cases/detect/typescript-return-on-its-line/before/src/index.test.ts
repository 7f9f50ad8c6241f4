test("it", () => {});
