import FlareEngine
import Glibc

exit(await EngineArguments.main())
