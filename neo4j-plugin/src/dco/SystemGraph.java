package dco;

import java.lang.reflect.Field;
import java.util.Map;
import org.neo4j.dbms.database.SystemGraphComponents;

/**
 * What a server adds to its `system` database at every start: a newer line writes its own nodes and versions there. A
 * fenced server must not: a follower's transactions are only those of the one it follows. It does so at its first start
 * without a fence.
 */
final class SystemGraph {
    private SystemGraph() {}

    /** Lets the start that is under way go on without adding anything; it would fail at the fence. */
    static void leaveAsItIs(SystemGraphComponents components) {
        try {
            Field field = SystemGraphComponents.class.getDeclaredField("componentMap");
            field.setAccessible(true);
            ((Map<?, ?>) field.get(components)).clear();
        } catch (ReflectiveOperationException changed) {
            throw new IllegalStateException("This Neo4j's system graph has no list of components.", changed);
        }
    }
}
