test("it", () => { expect(1); });
