package dco;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/** What every procedure does first: no work before the proof. */
final class Caller {
    private Caller() {}

    /** Checks the proof of a call, whose first argument is the database's name, and gives that database's companion. */
    static Companion admit(
            GraphDatabaseAPI database, String procedure, Map<String, Object> proof, String name, Object... others) {
        List<Object> arguments = new ArrayList<>(List.of(name));
        arguments.addAll(Arrays.asList(others));
        access(database).check(procedure, arguments, proof);
        return Companion.of(database, name);
    }

    static Access access(GraphDatabaseAPI database) {
        return database.getDependencyResolver().resolveDependency(Access.class);
    }
}
