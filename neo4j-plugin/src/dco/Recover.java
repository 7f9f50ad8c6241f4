package dco;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.io.fs.DefaultFileSystemAbstraction;
import org.neo4j.io.layout.DatabaseLayout;
import org.neo4j.io.layout.Neo4jLayout;
import org.neo4j.io.pagecache.PageCache;
import org.neo4j.io.pagecache.impl.muninn.StandalonePageCacheFactory;
import org.neo4j.kernel.KernelVersionProvider;
import org.neo4j.kernel.database.DatabaseTracers;
import org.neo4j.kernel.impl.scheduler.JobSchedulerFactory;
import org.neo4j.kernel.recovery.Recovery;
import org.neo4j.kernel.recovery.facade.DatabaseRecoveryFacade;
import org.neo4j.kernel.recovery.facade.RecoveryCriteria;
import org.neo4j.logging.NullLogProvider;
import org.neo4j.memory.EmptyMemoryTracker;
import org.neo4j.scheduler.JobScheduler;

/**
 * A program, not a procedure: recovers the database of a server that is not running from its log, as Neo4j does at a
 * start, but until a moment or a transaction. What the log holds beyond is cut off.
 *
 * <p>{@code java -cp … dco.Recover HOME DATABASE all|time=MILLIS|transaction=ID}. It says nothing and ends with 0, or
 * ends with 1 and a sentence.
 */
public final class Recover {
    private Recover() {}

    /** See the class. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 3) {
            System.err.println("usage: Recover HOME DATABASE all|time=MILLIS|transaction=ID");
            System.exit(64);
        }
        try {
            recover(Path.of(arguments[0]), arguments[1], criteria(arguments[2]));
        } catch (Exception failed) {
            System.err.println(innermost(failed));
            System.exit(1);
        }
    }

    private static RecoveryCriteria criteria(String until) {
        String[] words = until.split("=", 2);
        return switch (words[0]) {
            case "all" -> RecoveryCriteria.ALL;
            case "time" -> RecoveryCriteria.until(Instant.ofEpochMilli(Long.parseLong(words[1])));
            case "transaction" -> RecoveryCriteria.until(Long.parseLong(words[1]) + 1);
            default -> throw new IllegalArgumentException(until + " is neither all, nor time=… nor transaction=…");
        };
    }

    private static void recover(Path home, String database, RecoveryCriteria criteria) throws Exception {
        Config config = Config.newBuilder()
                .set(GraphDatabaseSettings.neo4j_home, home)
                .set(GraphDatabaseSettings.preallocate_logical_logs, false)
                .set(GraphDatabaseSettings.keep_logical_logs, "keep_all")
                .build();
        DatabaseLayout layout = Neo4jLayout.of(config).databaseLayout(database);
        try (DefaultFileSystemAbstraction files = new DefaultFileSystemAbstraction();
                JobScheduler scheduler = JobSchedulerFactory.createInitialisedScheduler();
                PageCache pages = StandalonePageCacheFactory.createPageCache(files, scheduler)) {
            DatabaseRecoveryFacade facade = new DatabaseRecoveryFacade(
                    files, pages, DatabaseTracers.EMPTY, config, EmptyMemoryTracker.INSTANCE,
                    NullLogProvider.getInstance(), KernelVersionProvider.THROWING_PROVIDER);
            if (Recovery.isRecoveryRequired(files, layout, config, EmptyMemoryTracker.INSTANCE)) {
                Line.recover(facade, layout, criteria);
            } else {
                // What a running server keeps open is marked as dirty in a copy; a recovery puts that right.
                Line.recoverAll(facade, layout);
            }
            if (Recovery.isRecoveryRequired(files, layout, config, EmptyMemoryTracker.INSTANCE)) {
                throw new IOException("The recovery of " + database + " left something to recover.");
            }
        }
    }

    private static String innermost(Throwable failed) {
        Throwable cause = failed;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage() == null ? cause : cause.getMessage());
    }
}
