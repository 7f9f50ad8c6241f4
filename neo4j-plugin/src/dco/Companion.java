package dco;

import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.neo4j.common.DependencyResolver;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseNotFoundException;
import org.neo4j.dbms.database.SystemGraphComponent;
import org.neo4j.dbms.database.SystemGraphComponents;
import org.neo4j.exceptions.UnsatisfiedDependencyException;
import org.neo4j.internal.id.IdGeneratorFactory;
import org.neo4j.io.pagecache.context.CursorContext;
import org.neo4j.io.pagecache.context.CursorContextFactory;
import org.neo4j.kernel.availability.AvailabilityListener;
import org.neo4j.kernel.availability.DatabaseAvailabilityGuard;
import org.neo4j.kernel.impl.api.TransactionCommitProcess;
import org.neo4j.kernel.impl.transaction.log.checkpoint.CheckPointer;
import org.neo4j.kernel.impl.transaction.log.checkpoint.StoreCopyCheckPointMutex;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.kernel.lifecycle.LifecycleAdapter;
import org.neo4j.storageengine.api.ClosedTransactionMetadata;
import org.neo4j.storageengine.api.TransactionIdStore;

/** What the plugin keeps beside one running database: its fence, its hold, and, while it follows another, its applier. */
final class Companion extends LifecycleAdapter {
    private final GraphDatabaseAPI database;
    private final FenceFile fenceFile;
    private final Path inbox;
    private final LogName logName;
    private volatile Fence fence;
    private volatile Hold hold;
    private Applier applier;
    private Map<SystemGraphComponent.Name, SystemGraphComponent> withheld = Map.of();
    private SoftReference<Colours> colours = new SoftReference<>(null);
    private String coloursOf = "";

    Companion(GraphDatabaseAPI database, FenceFile fenceFile, Path inbox, LogName logName) {
        this.database = database;
        this.fenceFile = fenceFile;
        this.inbox = inbox;
        this.logName = logName;
    }

    /** Finds the companion of a database of the same server, by the database's name. */
    static Companion of(GraphDatabaseAPI anyDatabase, String name) {
        try {
            DatabaseManagementService server =
                    anyDatabase.getDependencyResolver().resolveDependency(DatabaseManagementService.class);
            return ((GraphDatabaseAPI) server.database(name)).getDependencyResolver().resolveDependency(Companion.class);
        } catch (DatabaseNotFoundException unknown) {
            throw Refusal.because("There is no database " + name + " here.");
        } catch (UnsatisfiedDependencyException idle) {
            throw Refusal.because("The plugin did not load for " + name
                    + ": this jar is not made for this Neo4j, or it is not on the class path. neo4j.log says which.");
        }
    }

    /** The fence goes in before the database answers its first query, hence before Bolt opens. */
    @Override
    public void start() {
        resolve(DatabaseAvailabilityGuard.class).addListener(new AvailabilityListener() {
            @Override
            public void available() {
                if (fence == null) {
                    install();
                }
            }

            @Override
            public void unavailable() {
                // The last checkpoint of an orderly stop would wait for the lease.
                if (hold != null) {
                    hold.end();
                }
            }
        });
    }

    /** Begins in the middle: the database is up, and answers. */
    void join() {
        start();
        synchronized (this) {
            if (fence == null) {
                install();
            }
        }
    }

    private void install() {
        fence = Fence.install(resolve(TransactionCommitProcess.class), fenceFile);
        if (fence.isRaised() && database.databaseName().equals(GraphDatabaseSettings.SYSTEM_DATABASE_NAME)) {
            withheld = SystemGraph.withhold(resolve(SystemGraphComponents.class));
        }
        hold = new Hold(database.databaseName(), resolve(StoreCopyCheckPointMutex.class), resolve(CheckPointer.class));
    }

    Fence fence() {
        return fence;
    }

    Hold hold() {
        return hold;
    }

    LogName logName() {
        return logName;
    }

    GraphDatabaseAPI database() {
        return database;
    }

    <T> T resolve(Class<T> type) {
        DependencyResolver resolver = database.getDependencyResolver();
        return resolver.resolveDependency(type);
    }

    /** The last transaction that is closed together with all before it, and where in this database's own log it ends. */
    ClosedTransactionMetadata closed() {
        return Line.closed(resolve(TransactionIdStore.class));
    }

    /** The number of that transaction. */
    long transaction() {
        return closed().transactionId().id();
    }

    /** Gives the applier while this database follows another. */
    synchronized Optional<Applier> applier() {
        return Optional.ofNullable(applier);
    }

    /** Gives what was remembered for the same state, afresh otherwise, or if memory had become scarce. */
    synchronized Colours colours(String state, long nodes) {
        Colours known = state.equals(coloursOf) ? colours.get() : null;
        if (known == null) {
            known = new Colours(nodes);
            colours = new SoftReference<>(known);
            coloursOf = state;
        }
        return known;
    }

    /**
     * Begins to follow: only the applier commits. Beginning again starts afresh. A server that takes writes never does:
     * whoever carries a log could not know yet that it was promoted.
     */
    synchronized void follow() {
        if (!fence.isRaised()) {
            throw Refusal.because(database.databaseName() + " takes writes: only what is fenced follows.");
        }
        retire();
        forgetIds(false);
        applier = new Applier(this, inbox);
    }

    /** Stops following; the fence stays. */
    synchronized void unfollow() {
        retire();
        forgetIds(true);
    }

    /** Whoever called last may be gone while its call is still being carried out: two appliers must never commit. */
    private void retire() {
        if (applier != null) {
            applier.retire();
        }
        applier = null;
    }

    /**
     * Ends following and lifts the fence, if the database has got as far as this transaction and the fence stands for
     * this reason; refuses otherwise. So nobody who slept through a later switch can promote what that one has fenced.
     * What is not fenced was promoted before.
     */
    synchronized void promote(long transaction, String reason) {
        fence.demand(reason);
        if (transaction() < transaction) {
            throw Refusal.because(database.databaseName() + " has got to transaction " + transaction() + ", not to "
                    + transaction + ": apply the rest of the log first.");
        }
        if (fence.isRaised()) {
            unfollow();
            fence.lift(reason);
        }
    }

    /**
     * Lets the server write its own line's format, which a start with a fence withheld, since older servers that follow
     * can't read it. For `system`, when nobody older has to follow any more.
     */
    synchronized void upgrade() throws Exception {
        if (!database.databaseName().equals(GraphDatabaseSettings.SYSTEM_DATABASE_NAME)) {
            throw Refusal.because("Not " + database.databaseName() + " is upgraded, but the server: name system.");
        }
        if (fence.isRaised()) {
            throw Refusal.because("It is fenced, because it " + fence.reason() + ": only what serves is upgraded.");
        }
        SystemGraph.upgrade(resolve(SystemGraphComponents.class), withheld, database);
    }

    /** The applier used and freed ids behind the generators' back: what they keep in memory is out of date. */
    private void forgetIds(boolean allocating) {
        try (CursorContext context = resolve(CursorContextFactory.class).create("dco-ids")) {
            resolve(IdGeneratorFactory.class).clearCache(allocating, context);
        }
    }
}
