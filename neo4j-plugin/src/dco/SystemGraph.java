package dco;

import java.lang.reflect.Field;
import java.util.LinkedHashMap;
import java.util.Map;
import org.neo4j.dbms.database.SystemGraphComponent;
import org.neo4j.dbms.database.SystemGraphComponent.Name;
import org.neo4j.dbms.database.SystemGraphComponents;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * What a server adds to its `system` database at every start: a newer line writes its own nodes and versions there. A
 * fenced server must not: a follower's transactions are only those of the one it follows. It does so at its first start
 * without a fence.
 */
final class SystemGraph {
    private SystemGraph() {}

    /**
     * Lets the start that is under way go on without adding anything; it would fail at the fence. Gives what does that,
     * for {@link #upgrade}.
     */
    static Map<Name, SystemGraphComponent> withhold(SystemGraphComponents components) {
        Map<Name, SystemGraphComponent> all = list(components);
        Map<Name, SystemGraphComponent> withheld = new LinkedHashMap<>(all);
        all.clear();
        return withheld;
    }

    /** Does what was withheld, and lets the server write its own format from the next transaction of each database on. */
    static void upgrade(
            SystemGraphComponents components, Map<Name, SystemGraphComponent> withheld, GraphDatabaseAPI system)
            throws Exception {
        withheld.forEach(list(components)::putIfAbsent);
        components.initializeSystemGraph(system);
        components.upgradeToCurrent(system);
    }

    @SuppressWarnings("unchecked")
    private static Map<Name, SystemGraphComponent> list(SystemGraphComponents components) {
        try {
            Field field = SystemGraphComponents.class.getDeclaredField("componentMap");
            field.setAccessible(true);
            return (Map<Name, SystemGraphComponent>) field.get(components);
        } catch (ReflectiveOperationException changed) {
            throw new IllegalStateException("This Neo4j's system graph has no list of components.", changed);
        }
    }
}
