package dco;

import java.nio.file.Path;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.kernel.extension.ExtensionFactory;
import org.neo4j.kernel.extension.ExtensionType;
import org.neo4j.kernel.extension.context.ExtensionContext;
import org.neo4j.kernel.lifecycle.Lifecycle;

/** Makes the server's one {@link Access} when Neo4j starts. The key is `dco.key` beside neo4j.conf, or DCO_KEY_FILE. */
public final class AccessFactory extends ExtensionFactory<AccessFactory.Dependencies> {
    /** What Neo4j gives. */
    public interface Dependencies {
        /** The server's settings. */
        Config config();
    }

    /** Called by Neo4j's service loader. */
    public AccessFactory() {
        super(ExtensionType.GLOBAL, "dco-access");
    }

    @Override
    public Lifecycle newInstance(ExtensionContext context, Dependencies dependencies) {
        Config config = dependencies.config();
        String told = System.getenv("DCO_KEY_FILE");
        String configuration = System.getenv("NEO4J_CONF");
        Path home = config.get(GraphDatabaseSettings.neo4j_home);
        Path beside = configuration == null ? home.resolve("conf") : Path.of(configuration);
        Path path = told == null ? beside.resolve("dco.key") : Path.of(told);
        return new Access(new KeyFile(path, file -> isLoadable(file, config)), System::currentTimeMillis);
    }

    /** Without an import directory LOAD CSV reads any file of the server. */
    private static boolean isLoadable(Path file, Config config) {
        Path directory = config.get(GraphDatabaseSettings.load_csv_file_url_root);
        return config.get(GraphDatabaseSettings.allow_file_urls) && (directory == null || file.startsWith(directory));
    }
}
