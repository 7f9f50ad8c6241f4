package dco;

import java.nio.file.Path;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.kernel.extension.ExtensionFactory;
import org.neo4j.kernel.extension.ExtensionType;
import org.neo4j.kernel.extension.context.ExtensionContext;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.kernel.internal.Version;
import org.neo4j.kernel.lifecycle.Lifecycle;
import org.neo4j.kernel.lifecycle.LifecycleAdapter;
import org.neo4j.logging.internal.LogService;

/** Makes a {@link Companion} for each database when that starts; on a Neo4j that this jar was not made for, none. */
public final class CompanionFactory extends ExtensionFactory<CompanionFactory.Dependencies> {
    /** What Neo4j gives. */
    public interface Dependencies {
        /** The server's settings. */
        Config config();

        /** The database that starts. */
        GraphDatabaseAPI database();

        /** Where a refusal is told. */
        LogService logs();
    }

    /** Called by Neo4j's service loader. */
    public CompanionFactory() {
        super(ExtensionType.DATABASE, "dco-companion");
    }

    /** Refuses an unknown version with a sentence in the log; and the database's start, if a fence would go unheeded. */
    @Override
    public Lifecycle newInstance(ExtensionContext context, Dependencies dependencies) {
        GraphDatabaseAPI database = dependencies.database();
        Path folder = dependencies.config().get(GraphDatabaseSettings.data_directory).resolve("dco");
        FenceFile fenceFile = new FenceFile(folder.resolve(database.databaseName() + ".fence"));
        String version = Version.getKernel().getReleaseVersion();
        if (version.startsWith(Line.PREFIX)) {
            Path inbox = folder.resolve("inbox").resolve(database.databaseName());
            return new Companion(
                    database, fenceFile, inbox, new LogName(folder.resolve(database.databaseName() + ".log-name")));
        }
        String sentence = "This dco plugin was made for Neo4j " + Line.PREFIX + "x and refuses to load in " + version
                + ": install the one made for this version, or none.";
        boolean fenced = fenceFile.stands();
        if (fenced) {
            sentence += " The database is fenced and can't start without the plugin.";
        }
        dependencies.logs().getUserLog(CompanionFactory.class).error(sentence);
        if (fenced) {
            throw new IllegalStateException(sentence);
        }
        return new LifecycleAdapter();
    }
}
