package dco;

import java.lang.instrument.Instrumentation;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.neo4j.collection.Dependencies;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.internal.kernel.api.exceptions.ProcedureException;
import org.neo4j.kernel.api.procedure.GlobalProcedures;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.logging.internal.LogService;
import org.neo4j.server.NeoBootstrapper;

/**
 * Gives the plugin to a Neo4j that is running, which loads this jar as an agent: no restart, and nobody notices. What
 * happens at a start happens here; the next start does it by itself. It may be loaded again.
 */
public final class Agent {
    private static final List<String> DATABASES =
            List.of(GraphDatabaseSettings.SYSTEM_DATABASE_NAME, GraphDatabaseSettings.DEFAULT_DATABASE_NAME);

    private static final Class<?>[] PROCEDURES = {
        StateProcedures.class, CopyProcedures.class, LogProcedures.class, RoleProcedures.class, ScanProcedures.class
    };

    /** What was registered here; a server that loaded the plugin at its start has all procedures by itself. */
    private static final Set<Class<?>> REGISTERED = new HashSet<>();

    private static Access access;

    private Agent() {}

    /** Called by the JVM; what it throws is told to whoever attached. */
    public static synchronized void agentmain(String options, Instrumentation instrumentation) throws Exception {
        open(instrumentation);
        DatabaseManagementService server = server();
        for (String name : DATABASES) {
            join((GraphDatabaseAPI) server.database(name));
        }
        if (access != null) {
            GraphDatabaseAPI any = (GraphDatabaseAPI) server.database(DATABASES.get(0));
            register(any.getDependencyResolver().resolveDependency(GlobalProcedures.class));
        }
    }

    private static void register(GlobalProcedures procedures) throws ProcedureException {
        for (Class<?> each : PROCEDURES) {
            if (!REGISTERED.contains(each)) {
                procedures.registerProcedure(each);
                REGISTERED.add(each);
            }
        }
    }

    /** Gives a database its companion, and the server's one way to prove who may call, unless they are there. */
    private static void join(GraphDatabaseAPI database) {
        Dependencies known = (Dependencies) database.getDependencyResolver();
        if (known.containsDependency(Companion.class)) {
            return;
        }
        Config config = known.resolveDependency(Config.class);
        LogService logs = known.resolveDependency(LogService.class);
        Object companion = new CompanionFactory().newInstance(null, new CompanionFactory.Dependencies() {
            @Override
            public Config config() {
                return config;
            }

            @Override
            public GraphDatabaseAPI database() {
                return database;
            }

            @Override
            public LogService logs() {
                return logs;
            }
        });
        if (!(companion instanceof Companion made)) {
            throw new IllegalStateException("This plugin is not made for this version of Neo4j; neo4j.log says which.");
        }
        if (access == null) {
            access = (Access) new AccessFactory().newInstance(null, () -> config);
        }
        made.join();
        known.satisfyDependency(access);
        known.satisfyDependency(made);
    }

    /** The server that runs in this JVM: nothing names it but the hook that ends it in order. */
    private static DatabaseManagementService server() throws ReflectiveOperationException {
        Class<?> hooks = Class.forName("java.lang.ApplicationShutdownHooks");
        for (Object thread : ((Map<?, ?>) read(hooks, "hooks", null)).keySet()) {
            Object task = task((Thread) thread);
            Object found = task == null ? null : held(task);
            if (found != null) {
                return ((NeoBootstrapper) found).getDatabaseManagementService();
            }
        }
        throw new IllegalStateException("No Neo4j server runs here.");
    }

    /** What a thread will run: another field since Java 19. */
    private static Object task(Thread thread) throws ReflectiveOperationException {
        try {
            Object holder = read(Thread.class, "holder", thread);
            return read(holder.getClass(), "task", holder);
        } catch (NoSuchFieldException older) {
            return read(Thread.class, "target", thread);
        }
    }

    /** The server that a task has hold of, if it has. */
    private static Object held(Object task) {
        return Arrays.stream(task.getClass().getDeclaredFields())
                .map(field -> get(field, task))
                .filter(NeoBootstrapper.class::isInstance)
                .findFirst()
                .orElse(null);
    }

    private static Object read(Class<?> type, String name, Object of) throws ReflectiveOperationException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }

    private static Object get(Field field, Object of) {
        try {
            field.setAccessible(true);
            return field.get(of);
        } catch (ReflectiveOperationException changed) {
            throw new IllegalStateException(changed);
        }
    }

    /** Threads keep what they run to themselves. */
    private static void open(Instrumentation instrumentation) {
        Map<String, Set<Module>> opened = Map.of("java.lang", Set.of(Agent.class.getModule()));
        instrumentation.redefineModule(Object.class.getModule(), Set.of(), Map.of(), opened, Set.of(), Map.of());
    }
}
